// Keys of code hosts, package registries, chats, payments, mail and monitoring.

import { ALONE, key, within } from "./pattern.ts";
import type { SecretPattern } from "./pattern.ts";

export const SERVICE_KEYS: readonly SecretPattern[] = [
  // github.blog 2021-04-05 "Behind GitHub's new authentication token formats"; github.blog/changelog 2026-05-15: tokens of
  // app installations become `ghs_` and a JWT, about 520 characters.
  key(
    "github-token",
    ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    "gh[pousr]_(?:[A-Za-z0-9_-]{10,200}\\.[A-Za-z0-9_-]{10,2048}\\.[A-Za-z0-9_-]{10,1024}|[A-Za-z0-9]{36,255})",
  ),
  key("github-token", ["github_pat_"], "github_pat_[A-Za-z0-9_]{36,255}"),
  // docs.gitlab.com "Token prefixes"; routable tokens carry two dotted parts more.
  key(
    "gitlab-token",
    ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-"],
    "gl(?:pat|dt|rt|ptt|cbt|ft|imt|agent|oas|soat)-[A-Za-z0-9_-]{20,255}(?:\\.[a-z0-9]{2}\\.[a-z0-9]{9})?",
  ),
  key("atlassian-token", ["ATATT3", "ATCTT3"], "AT[AC]TT3[A-Za-z0-9_=-]{180,255}"),
  key("bitbucket-password", ["ATBB"], "ATBB[A-Za-z0-9]{28,36}"),
  // github.blog 2021-09-23: npm_ + 36.
  key("npm-token", ["npm_"], "npm_[A-Za-z0-9]{36}"),
  // pypi.org: a macaroon in base64url, hence both cases and digits, which a package name never has.
  key(
    "pypi-token",
    ["pypi-"],
    "pypi-(?=[a-z0-9_-]{0,63}[A-Z])(?=[A-Za-z_-]{0,63}[0-9])[A-Za-z0-9_-]{50,1024}",
  ),
  key("rubygems-key", ["rubygems_"], "rubygems_[a-f0-9]{48}"),
  key("clojars-token", ["CLOJARS_"], "CLOJARS_[A-Za-z0-9]{60}"),
  key("docker-token", ["dckr_pat_", "dckr_oat_"], "dckr_[po]at_[A-Za-z0-9_-]{24,40}"),
  key("buildkite-token", ["bkua_"], "bkua_[a-f0-9]{40}"),
  key("circleci-token", ["CCIPAT_"], "CCIPAT_[A-Za-z0-9]{22}_[a-f0-9]{40}"),
  key("sonar-token", ["sqp_", "squ_", "sqa_"], ALONE + "sq[pua]_[a-f0-9]{40}"),
  key("linear-key", ["lin_api_", "lin_oauth_"], "lin_(?:api|oauth)_[A-Za-z0-9]{40,64}"),
  key("notion-token", ["ntn_"], "ntn_[A-Za-z0-9]{40,50}"),
  key("figma-token", ["figd_"], "figd_[A-Za-z0-9_-]{38,46}"),
  key("postman-key", ["PMAK-"], "PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
  key("contentful-token", ["CFPAT-"], "CFPAT-[A-Za-z0-9_-]{43}"),
  // docs.slack.dev "Tokens" and "Incoming webhooks"; discord.com/developers "Webhook"; learn.microsoft.com "Teams".
  key(
    "slack-token",
    ["xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xapp-"],
    "x(?:ox[a-z]|app)-(?=[A-Za-z-]{0,63}[0-9])[A-Za-z0-9%-]{16,255}",
  ),
  within(
    "slack-webhook",
    ["://hooks.slack.com/"],
    "://hooks\\.slack\\.com/(?:services|workflows|triggers)/(?<secret>[A-Za-z0-9+/]{20,128})",
  ),
  within(
    "discord-webhook",
    ["://discord.com/api/", "://discordapp.com/api/"],
    "://discord(?:app)?\\.com/api/(?:v[0-9]{1,2}/)?webhooks/[0-9]{10,22}/(?<secret>[A-Za-z0-9_-]{40,100})",
  ),
  // core.telegram.org/bots: <bot id>:<35 characters starting AA>. The id is public and stays.
  within("telegram-bot-token", [":AA"], "(?<=[0-9]{8,10}):(?<secret>AA[A-Za-z0-9_-]{33})(?![A-Za-z0-9])"),
  // docs.stripe.com "API keys" and webhook signing secrets; others in the same form.
  key(
    "stripe-key",
    ["sk_live_", "sk_test_", "rk_live_", "rk_test_"],
    "[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}",
  ),
  key("stripe-key", ["whsec_"], "whsec_[A-Za-z0-9+/=]{24,128}"),
  key("square-token", ["sq0atp-", "sq0csp-"], "sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}"),
  key("square-token", ["EAAA"], ALONE + "EAAA[A-Za-z0-9_-]{60}"),
  key("facebook-token", ["EAAB", "EAAC", "EAAG", "EAAJ", "EAAM"], ALONE + "EAA[BCGJM][A-Za-z0-9]{100,300}"),
  key(
    "plaid-token",
    ["access-sandbox-", "access-production-"],
    "access-(?:sandbox|production)-[a-f0-9-]{36}",
  ),
  key("flutterwave-key", ["FLWSECK-", "FLWSECK_TEST-"], "FLWSECK(?:_TEST)?-[A-Za-z0-9-]{12,48}"),
  key("shopify-token", ["shpat_", "shpca_", "shppa_", "shpss_"], "shp(?:at|ca|pa|ss)_[a-f0-9]{32}"),
  key("shippo-token", ["shippo_live_", "shippo_test_"], "shippo_(?:live|test)_[a-f0-9]{40}"),
  key("easypost-key", ["EZAK"], "EZAK[A-Za-z0-9]{54}"),
  // SendGrid: SG. + 22 + . + 43; Brevo: xkeysib- + 64 + - + 16; Mailchimp: 32 and the data centre; Resend.
  key("sendgrid-key", ["SG."], "SG\\.[A-Za-z0-9_-]{20,24}\\.[A-Za-z0-9_-]{39,50}"),
  key("brevo-key", ["xkeysib-", "xsmtpsib-"], "x(?:key|smtp)sib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
  key("mailchimp-key", ["-us"], "[a-f0-9]{32}-us[0-9]{1,2}", { before: 32 }),
  key("resend-key", ["re_"], ALONE + "re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
  key("twilio-key", ["SK"], ALONE + "SK[a-f0-9]{32}"),
  key("newrelic-key", ["NRAK-", "NRII-", "NRJS-"], "NR(?:AK|II|JS)-[A-Za-z0-9_-]{19,40}"),
  key(
    "grafana-token",
    ["glc_", "glsa_"],
    "gl(?:c_[A-Za-z0-9+/]{32,400}={0,3}|sa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})",
  ),
  key("grafana-token", ["eyJrIjoi"], "eyJrIjoi[A-Za-z0-9]{70,400}={0,3}"),
  key("sentry-token", ["sntrys_", "sntryu_"], "sntry(?:u_[a-f0-9]{64}|s_eyJ[A-Za-z0-9+/=_-]{80,512})"),
  key("posthog-key", ["phx_"], "phx_[A-Za-z0-9]{43,48}"),
  key("launchdarkly-key", ["sdk-"], "sdk-[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}"),
  key("dropbox-token", ["sl.B", "sl.u.A"], "sl\\.(?:B|u\\.A)[A-Za-z0-9_-]{100,2048}"),
  key("mapbox-token", ["sk.eyJ"], "sk\\.eyJ[A-Za-z0-9_-]{40,255}\\.[A-Za-z0-9_-]{20,48}"),
  key("typeform-token", ["tfp_"], "tfp_[A-Za-z0-9_.=-]{40,80}"),
  key("readme-key", ["rdme_"], "rdme_[a-z0-9]{70}"),
  key("prefect-key", ["pnu_"], "pnu_[A-Za-z0-9]{36}"),
];
