/**
 * Programs that run agents, taken in as they run: their hook calls, and the settings that make them call.
 *
 * @module
 */
export { HOOK_HOSTS, hookRecord, MAX_HOOK_BYTES, UNKNOWN_SESSION } from "./hook-record.ts";
export type { HookCall, HookHost, HookRecord } from "./hook-record.ts";
export { install, uninstall } from "./install.ts";
export type { Installation, InstallOptions } from "./install.ts";
export { startHookServer } from "./hook-server.ts";
export type { HookServer, HookServerOptions } from "./hook-server.ts";
