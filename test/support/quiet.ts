// Workers of a test speak up about errors only.
import { DefaultLogger, makeTelemetryFilterString, Runtime } from "@temporalio/worker";

Runtime.install({
  logger: new DefaultLogger("ERROR"),
  telemetryOptions: {
    logging: { forward: {}, filter: makeTelemetryFilterString({ core: "ERROR" }) },
  },
});
