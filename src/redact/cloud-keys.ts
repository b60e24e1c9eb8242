// Credentials of clouds, databases and infrastructure.

import { ALONE, key, within } from "./pattern.ts";
import type { SecretPattern } from "./pattern.ts";

export const CLOUD_KEYS: readonly SecretPattern[] = [
  // IAM User Guide "Unique identifiers": AKIA long-term, ASIA temporary. The secret key often stands right behind it.
  key(
    "aws-access-key-id",
    ["AKIA", "ASIA", "ABIA", "ACCA"],
    "A(?:KI|SI|BI|CC)A[A-Z0-9]{16}(?:[\"']?[,:;|\\s]{1,3}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))?",
  ),
  key("aws-bedrock-key", ["ABSK"], "ABSK[A-Za-z0-9+/]{109,269}={0,2}"),
  // cloud.google.com "API keys": 39 characters; OAuth client secrets: GOCSPX- + 28; access tokens: ya29.
  key("google-key", ["AIza"], "AIza[A-Za-z0-9_-]{35}"),
  key("google-key", ["GOCSPX-"], "GOCSPX-[A-Za-z0-9_-]{28}"),
  key("google-oauth-token", ["ya29."], "ya29\\.[A-Za-z0-9_-]{20,2048}"),
  // Microsoft Entra client secrets have `Q~` behind three characters and a digit; new keys of Azure services have a mark
  // of their own in their middle ("Identifiable secrets", github.com/microsoft/security-utilities).
  key("azure-client-secret", ["Q~"], "[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", { before: 4 }),
  key("azure-key", ["JQQJ9"], "[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}", { before: 52 }),
  key("azure-key", ["AzSe"], "[A-Za-z0-9]{42}AzSe[A-D][A-Za-z0-9]{5}", { before: 42 }),
  key("azure-key", ["AzFu"], "[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{6,8}(?:==)?", { before: 44 }),
  key("azure-devops-token", ["AZDO"], "[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}", { before: 76 }),
  // RAM "AccessKey pairs"; CAM "access keys".
  key("alibaba-key-id", ["LTAI"], "LTAI[A-Za-z0-9]{12,20}"),
  key("tencent-key-id", ["AKID"], "AKID[A-Za-z0-9]{32}"),
  key("yandex-key", ["AQVN"], "AQVN[A-Za-z0-9_-]{35,38}"),
  key("digitalocean-token", ["dop_v1_", "doo_v1_", "dor_v1_"], "do[opr]_v1_[a-f0-9]{64}"),
  key("cloudflare-key", ["v1.0-"], "v1\\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
  key("fly-token", ["FlyV1 f"], "FlyV1 f(?:m1r|m2|o1)_[A-Za-z0-9_+/=,-]{40,2048}"),
  key("heroku-key", ["HRKU-"], "HRKU-[A-Za-z0-9_-]{36,66}"),
  key("netlify-token", ["nfp_"], "nfp_[A-Za-z0-9]{36,64}"),
  key("render-key", ["rnd_"], "rnd_[A-Za-z0-9]{32}"),
  key("supabase-key", ["sbp_"], "sbp_[a-f0-9]{40}"),
  key("supabase-key", ["sb_secret_"], "sb_secret_[A-Za-z0-9_-]{31,40}"),
  key("planetscale-token", ["pscale_"], "pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}"),
  // docs.databricks.com "Personal access tokens"; developer.hashicorp.com/vault "Tokens": hvs service, hvb batch.
  key("databricks-token", ["dapi"], "dapi[a-f0-9]{32}(?:-[0-9])?"),
  key("vault-token", ["hvs.", "hvb.", "hvr."], "hv[sbr]\\.[A-Za-z0-9_-]{24,300}"),
  key("terraform-token", [".atlasv1."], "[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}", { before: 14 }),
  key("pulumi-token", ["pul-"], "pul-[a-f0-9]{40}"),
  key(
    "doppler-token",
    ["dp.pt.", "dp.st.", "dp.ct.", "dp.sa."],
    "dp\\.(?:pt|st|ct|sa)\\.[A-Za-z0-9._-]{40,80}",
  ),
  key("tailscale-key", ["tskey-"], "tskey-[a-z]{2,10}-[A-Za-z0-9]{8,32}-[A-Za-z0-9]{16,64}"),
  key("1password-token", ["ops_eyJ"], "ops_eyJ[A-Za-z0-9+/]{200,2048}={0,3}"),
  key("age-key", ["AGE-SECRET-KEY-1"], "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
  key("artifactory-key", ["AKCp"], "AKCp[A-Za-z0-9]{69}"),
  // github.com/go-sql-driver/mysql "DSN": user:password@tcp(host:3306)/database.
  within(
    "url-password",
    ["@tcp(", "@unix("],
    "@(?:tcp|unix)\\((?<=:(?<secret>[^\\s:@\"'`$<{\\]]{1,128})@(?:tcp|unix)\\()",
  ),
  // A storage key without the name that Azure gives it is known by its length and its end alone; see `assignments.ts`.
  key("mailgun-key", ["key-"], ALONE + "key-[a-f0-9]{32}"),
];
