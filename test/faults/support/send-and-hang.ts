// A person's program that sends and sees no answer.
import { connectBosun } from "../../../client/index.ts";
import { parseEnvironment } from "../../../protocol/environment.ts";

const [supervisorId = "", id = "", text = ""] = process.argv.slice(2);
const bosun = await connectBosun({
  connection: {
    address: process.env["TEMPORAL_ADDRESS"] ?? "",
    channelArgs: { "grpc.enable_http_proxy": 0 },
  },
  installation: process.env["BOSUN_INSTALLATION"] ?? "",
  host: process.env["BOSUN_HOST"] ?? "",
  environment: parseEnvironment(process.env),
});
process.stdout.write("sending\n");
await bosun.supervisor(supervisorId).send(text, { id });
process.stdout.write("sent\n");
// Until it is killed.
setInterval(() => undefined, 1_000);
