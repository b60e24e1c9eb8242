// Keys of model providers and of the services around them.

import { ALONE, key } from "./pattern.ts";
import type { SecretPattern } from "./pattern.ts";

export const AI_KEYS: readonly SecretPattern[] = [
  // platform.claude.com: sk-ant-api03-…, -admin01-…, -oat01-… (OAuth); about 108 characters.
  key("anthropic-key", ["sk-ant-"], "sk-ant-[A-Za-z0-9_-]{20,255}"),
  // OpenAI: legacy sk- + 48, now sk-proj-, sk-svcacct-, sk-admin- + up to 156. The same shape with other middles is used
  // by OpenRouter (sk-or-v1-), Langfuse (sk-lf-), DeepSeek and others. Without a known middle a digit is required.
  key(
    "openai-key",
    ["sk-"],
    ALONE +
      "sk-(?!ant-)(?:(?:proj|svcacct|admin|None|lf)-[A-Za-z0-9_-]{20,255}|(?:[a-z0-9]{1,12}-){0,2}(?=[A-Za-z_]{0,63}[0-9])[A-Za-z0-9_]{20,255})",
  ),
  // The formats below are as secret scanners know them (gitleaks, config/gitleaks.toml; trufflehog) or as their issuers'
  // consoles show them. Where no length is documented, a range around the known one is taken.
  key("huggingface-token", ["hf_"], ALONE + "hf_[A-Za-z0-9]{30,48}"),
  key("huggingface-token", ["api_org_"], "api_org_[A-Za-z0-9]{30,48}"),
  key("groq-key", ["gsk_"], "gsk_[A-Za-z0-9]{40,64}"),
  key("perplexity-key", ["pplx-"], "pplx-[A-Za-z0-9]{40,64}"),
  key("replicate-token", ["r8_"], ALONE + "r8_[A-Za-z0-9]{32,48}"),
  key("xai-key", ["xai-"], "xai-[A-Za-z0-9]{40,100}"),
  key("nvidia-key", ["nvapi-"], "nvapi-[A-Za-z0-9_-]{60,80}"),
  key("cerebras-key", ["csk-"], ALONE + "csk-[a-z0-9]{48}"),
  key("together-key", ["tgp_v1_"], "tgp_v1_[A-Za-z0-9_-]{40,64}"),
  key("fireworks-key", ["fw_"], ALONE + "fw_(?=[A-Za-z]{0,23}[0-9])[A-Za-z0-9]{22,32}"),
  key("pinecone-key", ["pcsk_"], "pcsk_[A-Za-z0-9_]{50,100}"),
  key("jina-key", ["jina_"], "jina_[A-Za-z0-9]{55,70}"),
  key("elevenlabs-key", ["sk_"], ALONE + "sk_[a-f0-9]{48}"),
  key("e2b-key", ["e2b_"], ALONE + "e2b_[a-f0-9]{40}"),
  key("firecrawl-key", ["fc-"], ALONE + "fc-[a-f0-9]{32}"),
  key("langsmith-key", ["lsv2_"], "lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
  key("tavily-key", ["tvly-"], "tvly-(?:dev-|prod-)?[A-Za-z0-9]{28,48}"),
  key("apify-token", ["apify_api_"], "apify_api_[A-Za-z0-9]{36,48}"),
  key("wandb-key", ["wandb_v1_"], "wandb_v1_[A-Za-z0-9_]{40,120}"),
];
