// Everything that the package exports, so that every declaration is looked into.

export * as mainModule from "tracekeep";
export * as auditLogModule from "tracekeep/audit-log";
export * as detectModule from "tracekeep/detect";
export * as eventModule from "tracekeep/event";
export * as exportModule from "tracekeep/export";
export * as formatModule from "tracekeep/format";
export * as importModule from "tracekeep/import";
export * as integrityModule from "tracekeep/integrity";
export * as integrationsAiSdkModule from "tracekeep/integrations/ai-sdk";
export * as metricsModule from "tracekeep/metrics";
export * as liveModule from "tracekeep/live";
export * as integrationsModule from "tracekeep/integrations";
export * as pricingModule from "tracekeep/pricing";
export * as readModule from "tracekeep/read";
export * as redactModule from "tracekeep/redact";
export * as replayModule from "tracekeep/replay";
export * as reportModule from "tracekeep/report";
export * as sessionIndexModule from "tracekeep/session-index";
export * as sinksModule from "tracekeep/sinks";
export * as streamLogModule from "tracekeep/stream-log";
export * as testingModule from "tracekeep/testing";
