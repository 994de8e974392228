// OpenAI's client for Node against a `candor serve` that this file starts ($CANDOR_BINARY); the package comes from
// $CANDOR_NODE_FOLDER. Runs on Node 18: node --test openai_node_test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const { OpenAI } = createRequire(join(process.env.CANDOR_NODE_FOLDER, "package.json"))("openai");
const data = join(dirname(fileURLToPath(import.meta.url)), "../data/reasoning");
const golden = JSON.parse(readFileSync(join(data, "expected.json"), "utf-8")).find((row) => row.case === "thinks");

const model = "tiny-thinker";
const messages = [{ role: "user", content: "What is 737+361?" }];
const thought = "7+1+0=8, write 8, carry 0\n3+6+0=9, write 9, carry 0\n7+3+0=10, write 0, carry 1\nwrite 1\nso 1098";
const answer = "1098";
// A thought that the model cannot close: 260 is </think>, 258 ends the answer.
const endless = { model, messages, seed: 1, logit_bias: { 258: -100, 260: -100 } };

// Slow on purpose in the second server, so that answers are under way when something happens to them.
async function start(...flags) {
  const home = mkdtempSync(join(tmpdir(), "candor_node_"));
  const server = spawn(process.env.CANDOR_BINARY, ["serve", join(data, "tiny-thinker.gguf"), "--port", "0", "--json",
    "--quiet", ...flags], { env: { PATH: process.env.PATH, HOME: home }, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await new Promise((resolve, reject) => {
    createInterface(server.stdout).once("line", (text) => resolve([text]));
    server.once("exit", (code) => reject(new Error(`candor serve ended with status ${code}`)));
  });
  const url = JSON.parse(line).url;
  after(() => {
    server.removeAllListeners("exit");
    server.kill("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });
  return { pid: server.pid, url, client: (options) => new OpenAI({ baseURL: url + "/v1", apiKey: "none", maxRetries: 0,
    ...options }) };
}

async function metric(server, name) {
  const text = await (await fetch(server.url + "/metrics")).text();
  return text.split("\n").filter((line) => line.startsWith(name)).reduce((sum, line) => sum + Number(line.split(" ").pop()), 0);
}
async function eventually(condition) {
  for (let i = 0; i < 250; ++i) {
    if (await condition()) return true;
    await sleep(20);
  }
  return false;
}
function joined(chunks) {
  const choices = [];
  for (const chunk of chunks) {
    for (const choice of chunk.choices) {
      const made = choices[choice.index] ??= { content: "", reasoning: "", ids: [], logprobs: [], finish: [] };
      made.content += choice.delta.content ?? "";
      made.reasoning += choice.delta.reasoning_content ?? "";
      made.ids.push(...choice.token_ids ?? []);
      made.logprobs.push(...choice.logprobs?.reasoning_content ?? [], ...choice.logprobs?.content ?? []);
      if (choice.finish_reason) made.finish.push(choice.finish_reason);
    }
  }
  return choices;
}
const whole = (completion) => completion.choices.map((choice) => ({
  content: choice.message.content, reasoning: choice.message.reasoning_content ?? "", ids: choice.token_ids,
  logprobs: [...choice.logprobs?.reasoning_content ?? [], ...choice.logprobs?.content ?? []],
  finish: [choice.finish_reason],
}));
async function all(stream) {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

const quick = await start();
const slow = await start("--isa", "scalar", "--threads", "1", "--parallel", "2", "--queue", "0");
const client = quick.client();
const chat = (more) => client.chat.completions.create({ model, messages, temperature: 0, return_token_ids: true, ...more });

test("an answer has its thought, its tokens and a request id", async () => {
  const made = await chat();
  assert.equal(made.choices[0].message.content, answer);
  assert.equal(made.choices[0].message.reasoning_content, thought);
  assert.equal(made.choices[0].message.reasoning, thought);
  assert.equal(made.choices[0].message.refusal, null);
  assert.deepEqual(made.choices[0].token_ids, golden.output_ids);
  assert.equal(made.usage.prompt_tokens, golden.prompt_ids.length);
  assert.equal(made.usage.completion_tokens, golden.output_ids.length);
  assert.ok(made._request_id.startsWith("req_"));
  const { response, request_id } = await chat().withResponse();
  assert.equal(response.headers.get("x-request-id"), request_id);
});

test("a stream joined equals the whole answer", async () => {
  for (const request of [{}, { temperature: 2, seed: 4, n: 3, max_tokens: 60, logprobs: true, top_logprobs: 3 },
    { temperature: 1, seed: 5, reasoning_effort: "none" }, { stop: ["9"], logprobs: true }]) {
    const made = await chat(request);
    const chunks = await all(chat({ ...request, stream: true, stream_options: { include_usage: true } }));
    assert.deepEqual(joined(chunks), whole(made));
    const last = chunks.pop();
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.completion_tokens, made.usage.completion_tokens);
    assert.equal(last.usage.completion_tokens_details.reasoning_tokens,
      made.usage.completion_tokens_details.reasoning_tokens);
    assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
    assert.equal(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created} ${chunk.model}`)).size, 1);
  }
});

test("the stream helper ends with the whole answer", async () => {
  for (const request of [{ temperature: 0 }, { temperature: 2, seed: 3, n: 2, max_tokens: 60, logprobs: true }]) {
    const helper = client.chat.completions.stream({ model, messages, return_token_ids: true, ...request });
    let content = "";
    helper.on("content", (delta) => content += delta);
    const final = await helper.finalChatCompletion();
    const made = await chat(request);
    // Where an answer is cut off inside its thought, no content has come.
    assert.deepEqual(final.choices.map((choice) => choice.message.content ?? ""), made.choices.map((c) => c.message.content));
    assert.deepEqual(final.choices.map((choice) => choice.finish_reason), made.choices.map((c) => c.finish_reason));
    assert.ok(final.choices.every((choice) => choice.message.role === "assistant"));
    if (!request.n) assert.deepEqual([content, await helper.finalContent()], [answer, answer]);
  }
  const usage = await client.chat.completions.stream({ model, messages, temperature: 0,
    stream_options: { include_usage: true } }).totalUsage();
  assert.equal(usage.completion_tokens, golden.output_ids.length);
});

test("log-probabilities are those of the tokens", async () => {
  const made = await chat({ logprobs: true, top_logprobs: 20 });
  for (const entry of made.choices[0].logprobs.content) {
    assert.equal(entry.top_logprobs.length, 20);
    assert.equal(entry.top_logprobs[0].logprob, entry.logprob);
    assert.ok(entry.top_logprobs.reduce((sum, likely) => sum + Math.exp(likely.logprob), 0) <= 1 + 1e-6);
    assert.equal(Buffer.from(entry.bytes).toString(), entry.token);
  }
});

test("parameters are honoured", async () => {
  const seeded = { temperature: 3, seed: 9, max_tokens: 40 };
  assert.deepEqual(whole(await chat(seeded)), whole(await chat(seeded)));
  assert.notDeepEqual(whole(await chat(seeded)), whole(await chat({ ...seeded, seed: 10 })));
  assert.equal((await chat({ stop: "98" })).choices[0].message.content, "10");
  for (const name of ["max_tokens", "max_completion_tokens"]) {
    const cut = await chat({ [name]: 5 });
    assert.deepEqual([cut.choices[0].finish_reason, cut.usage.completion_tokens], ["length", 5]);
  }
  const biased = await chat({ logit_bias: { 20: 100 }, max_tokens: 4, reasoning_effort: "none" });
  assert.equal(biased.choices[0].message.content, "5555");
  for (const budget of [0, 1, 17]) {
    const made = await chat({ thinking: { type: "enabled", budget_tokens: budget } });
    assert.equal(made.usage.completion_tokens_details.reasoning_tokens, budget);
  }
  const rest = await chat({ continue_tokens: golden.output_ids.slice(0, 30) });
  assert.deepEqual(rest.choices[0].token_ids, golden.output_ids.slice(30));
});

test("completions go on with texts and tokens", async () => {
  const request = { model, temperature: 0, max_tokens: 12, return_token_ids: true };
  const made = await client.completions.create({ ...request, prompt: [golden.prompt, golden.prompt] });
  assert.deepEqual(made.choices.map((choice) => choice.token_ids),
    [golden.output_ids.slice(0, 12), golden.output_ids.slice(0, 12)]);
  const chunks = await all(client.completions.create({ ...request, prompt: golden.prompt_ids, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), made.choices[0].text);
});

test("embeddings are the same in base64 and as numbers", async () => {
  const input = ["hello", "What is 1+2?"];
  const packed = await client.embeddings.create({ model, input });
  const numbers = await client.embeddings.create({ model, input, encoding_format: "float" });
  for (const i of [0, 1]) {
    assert.equal(packed.data[i].embedding.length, 128);
    assert.deepEqual(packed.data[i].embedding.map(Math.fround), numbers.data[i].embedding.map(Math.fround));
  }
});

test("models are listed and found", async () => {
  assert.deepEqual((await client.models.list()).data.map((entry) => entry.id), [model]);
  assert.equal((await client.models.retrieve(model)).context_length, 1024);
  await assert.rejects(client.models.retrieve("another"), OpenAI.NotFoundError);
});

test("errors name the field and have a code", async () => {
  const tool = { type: "function", function: { name: "f", parameters: {} } };
  for (const [param, code, more] of [["temperature", "invalid_value", { temperature: 99 }],
    ["tools", "unsupported_parameter", { tools: [tool] }],
    ["messages", "context_length_exceeded", { messages: [{ role: "user", content: "x".repeat(1100) }] }]]) {
    await assert.rejects(chat(more), (error) => error instanceof OpenAI.BadRequestError && error.param === param &&
      error.code === code && error.requestID?.startsWith("req_"));
  }
  await assert.rejects(chat({ model: "gpt-4o" }), OpenAI.NotFoundError);
});

test("a client that is turned away comes back and is answered", async () => {
  const busy = await slow.client().chat.completions.create({ ...endless, n: 2, stream: true });
  for await (const chunk of busy) {
    assert.equal(chunk.choices.length, 1);
    const request = { model, messages, temperature: 0 };
    await assert.rejects(slow.client().chat.completions.create(request), (error) => error instanceof OpenAI.RateLimitError &&
      error.code === "queue_full" && Number(error.headers.get("retry-after")) >= 1);
    setTimeout(() => busy.controller.abort(), 300);
    const made = await slow.client({ maxRetries: 5 }).chat.completions.create(request);
    assert.equal(made.choices[0].message.content, answer);
    break;
  }
});

test("a client that leaves or waits no longer ends its answer", async () => {
  assert.ok(await eventually(async () => await metric(slow, "candor_answers_running") === 0));
  const cancelled = () => metric(slow, 'candor_answers_total{model="tiny-thinker",reason="cancelled"}');
  let before = await cancelled();
  for await (const _ of await slow.client().chat.completions.create({ ...endless, stream: true })) break;
  assert.ok(await eventually(async () => await cancelled() === before + 1));
  await assert.rejects(slow.client().chat.completions.create(endless, { timeout: 300 }), OpenAI.APIConnectionTimeoutError);
  assert.ok(await eventually(async () => await cancelled() === before + 2));
  assert.ok(await eventually(async () => await metric(slow, "candor_answers_running") === 0));
});

test("a worker that is killed is an exception in the stream, and the next request is answered", async () => {
  const request = { model, messages, temperature: 0 };
  await slow.client().chat.completions.create(request);
  const worker = readFileSync(`/proc/${slow.pid}/task/${slow.pid}/children`, "utf-8").trim();
  assert.match(worker, /^\d+$/);
  await assert.rejects(async () => {
    let chunks = 0;
    for await (const _ of await slow.client().chat.completions.create({ ...endless, stream: true })) {
      if (chunks++ === 0) process.kill(Number(worker), "SIGKILL");
    }
  }, (error) => error instanceof OpenAI.APIError && error.code === "worker_died");
  const made = await slow.client().chat.completions.create(request);
  assert.equal(made.choices[0].message.content, answer);
});
