// OpenAI's own client for Node against `candor serve`, whose URL is the one argument; exits 1 at the first difference.
import assert from "node:assert/strict";
import OpenAI from "openai";

const [url] = process.argv.slice(2);
const model = "tiny-thinker";
const messages = [{ role: "user", content: "What is 737+361?" }];
const thought = "7+1+0=8, write 8, carry 0\n3+6+0=9, write 9, carry 0\n7+3+0=10, write 0, carry 1\nwrite 1\nso 1098";
const client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0 });

const whole = await client.chat.completions.create({ model, messages, temperature: 0 });
assert.equal(whole.choices[0].message.content, "1098");
assert.equal(whole.choices[0].message.reasoning_content, thought);
assert.ok(whole._request_id.startsWith("req_"));

// By hand, and by the helper, which throws when a role or a reason to finish never comes.
let content = "", reasoning = "", usage;
const stream = await client.chat.completions.create({
  model, messages, temperature: 0, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  content += chunk.choices[0]?.delta.content ?? "";
  reasoning += chunk.choices[0]?.delta.reasoning_content ?? "";
  usage = chunk.usage ?? usage;
}
assert.deepEqual([content, reasoning], ["1098", thought]);
assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
const helper = client.chat.completions.stream({ model, messages, temperature: 0, n: 2, logprobs: true, top_logprobs: 2 });
const final = await helper.finalChatCompletion();
assert.deepEqual(final.choices.map((choice) => choice.message.content), ["1098", "1098"]);
assert.deepEqual(final.choices.map((choice) => choice.finish_reason), ["stop", "stop"]);

const embedding = await client.embeddings.create({ model, input: ["hello"] });
const floats = await client.embeddings.create({ model, input: ["hello"], encoding_format: "float" });
assert.equal(embedding.data[0].embedding.length, 128);
embedding.data[0].embedding.forEach((value, i) => assert.equal(Math.fround(value), Math.fround(floats.data[0].embedding[i])));

assert.deepEqual((await client.models.list()).data.map((entry) => entry.id), [model]);
await assert.rejects(client.models.retrieve("another"), OpenAI.NotFoundError);
await assert.rejects(client.chat.completions.create({ model, messages, temperature: 99 }),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature");

const endless = await client.chat.completions.create({ model, messages, stream: true, max_tokens: 900, ignore_eos: true });
for await (const chunk of endless) {
  assert.ok(chunk.choices.length > 0);
  endless.controller.abort();
  break;
}
await assert.rejects(
  client.chat.completions.create({ model, messages, max_tokens: 900, ignore_eos: true }, { timeout: 20 }),
  OpenAI.APIConnectionTimeoutError);
console.log("all as expected");
