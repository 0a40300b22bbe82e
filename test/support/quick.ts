// Times of a test world: short, so that waiting is quick.
export const quick = {
  BOSUN_MODEL_RETRY_MS: "50",
  BOSUN_MODEL_RETRY_MAX_MS: "100",
  BOSUN_MODEL_ATTEMPTS: "3",
  // A busy machine is not taken for a lost worker: what waits for the loss of one shortens these.
  BOSUN_MODEL_HEARTBEAT_MS: "8000",
  BOSUN_TOOL_HEARTBEAT_MS: "8000",
  BOSUN_PROBE_MS: "1000",
  BOSUN_PROBE_MAX_MS: "1000",
  BOSUN_HOST_START_MS: "8000",
  BOSUN_HOST_RETRY_MS: "1000",
  BOSUN_GRACE_MS: "1000",
};
