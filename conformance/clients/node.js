// Twilio's own client for Node, unmodified but for its base URL, against `conformance serve`. As python.py, but shorter: what
// differs between the clients is how they send lists and read pages and errors.

"use strict";

const assert = require("node:assert/strict");
const twilio = require("twilio");

const FROM = "+815012345678";
const [TAKER, BUSY, HAND] = ["+819000000001", "+819000000002", "+819000000003"];
const HELLO = "<Response><Say>hello</Say></Response>";

function client(user, password) {
  const made = twilio(user, password, { accountSid: process.env.ACCOUNT_SID });
  made.api.baseUrl = process.argv[2];
  return made;
}

async function until(look) {
  for (let tries = 0; tries < 500; tries += 1) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error("waited in vain");
}

const refused = (code, status, work) =>
  assert.rejects(work, (error) => error.code === code && error.status === status && error.message !== "");

async function main() {
  const { ACCOUNT_SID, AUTH_TOKEN, API_KEY, API_SECRET } = process.env;
  const rest = client(ACCOUNT_SID, AUTH_TOKEN);
  const statusCallbackEvent = ["initiated", "ringing", "answered", "completed"];
  const call = await client(API_KEY, API_SECRET).calls.create({ to: TAKER, from: FROM, twiml: HELLO, statusCallbackEvent });
  assert.equal(call.status, "queued");
  await until(async () => (await rest.calls(call.sid).fetch()).status === "completed");
  console.log("passed: calls");

  const rings = await rest.calls.create({ to: HAND, from: FROM, twiml: HELLO });
  await until(async () => (await rest.calls(rings.sid).fetch()).status === "ringing");
  assert.equal((await rest.calls(rings.sid).update({ status: "completed" })).status, "canceled");
  await refused(21220, 400, () => rest.calls(rings.sid).update({ status: "canceled" }));
  console.log("passed: cancelling");

  const sids = [];
  for (let made = 0; made < 5; made += 1) sids.push((await rest.calls.create({ to: BUSY, from: FROM, twiml: HELLO })).sid);
  const listed = await rest.calls.list({ to: BUSY, pageSize: 2 });
  assert.deepEqual(listed.map((it) => it.sid).slice(0, 5), sids.reverse());
  console.log("passed: lists");

  const message = await rest.messages.create({ to: TAKER, from: FROM, body: "x" });
  await until(async () => (await rest.messages(message.sid).fetch()).status === "delivered");
  console.log("passed: messages");

  await refused(21211, 400, () => rest.calls.create({ to: "1", from: FROM, twiml: HELLO }));
  await refused(21214, 400, () => rest.calls.create({ to: "+15005550002", from: FROM, twiml: HELLO }));
  await refused(20404, 404, () => rest.messages(`SM${"0".repeat(32)}`).fetch());
  await refused(20003, 401, () => client(ACCOUNT_SID, "not the token").calls(rings.sid).fetch());
  console.log("passed: errors");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
