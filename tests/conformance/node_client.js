// Calls Amazon SWF at the endpoint named by the argument, one JSON line in, one out:
// [operation, parameters] → {"answer": …} or {"code": …, "message": …}.
const readline = require("node:readline");
const swf = require("@aws-sdk/client-swf");

const client = new swf.SWFClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "swfsim", secretAccessKey: "swfsim" },
  maxAttempts: 1,
});

// Instants are numbers in our lines and Dates to the SDK.
const INSTANTS = new Set(["oldestDate", "latestDate"]);
const asked = (name, value) =>
  INSTANTS.has(name) && typeof value === "number" ? new Date(value * 1000) : value;

function revive(value, name) {
  if (Array.isArray(value)) return value.map((one) => revive(one));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revive(one, key)]));
  }
  return asked(name, value);
}

function plain(value) {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  }
  return value;
}

async function call([operation, parameters]) {
  try {
    const { $metadata, ...answer } = await client.send(
      new swf[`${operation}Command`](revive(parameters)),
    );
    return { answer: plain(answer) };
  } catch (error) {
    if (error.$fault === undefined) throw error; // it never reached the service
    const unsaid = error.message === "UnknownError"; // the SDK's own word for an empty message
    return { code: error.name, message: unsaid ? "" : error.message };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await call(JSON.parse(line))));
  }
})();
