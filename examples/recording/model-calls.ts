// A turn of an agent: a question, the model, a tool, the answer, with what it took and what it cost.

import { openReader, startSession } from "tracekeep";

await using session = startSession({ agent: "reviewer", title: "Nightly check" });

session.userMessage("Is the build green?");

const call = session.modelCall({ provider: "anthropic", model: "claude-sonnet-4-5" });
call.result("I shall run the tests.", { input_tokens: 812, output_tokens: 9 });

const tests = session.toolCall("bash", { command: "npm test" });
tests.error(new Error("exit code 1"));

session.decision("retry", { reason: "a test that depends on the hour" });
session.agentMessage("Not yet.");

const [entry] = openReader().sessions();
if (entry !== undefined) {
  const { model_calls: calls, tool_errors: failed, tokens, cost_usd: usd } = entry;
  console.log(`${calls} model call (${tokens.input} tokens in, $${usd}), ${failed} tool failed`);
}
