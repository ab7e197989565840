/** Runs switches on real Linux interfaces, each in a worker thread. Needs Node and Linux. */
export { CaptureFile, CapturingPort } from './runtime/capture-file.js';
export { type RunningSwitch, startSwitch } from './runtime/running-switch.js';
export type { RunningSwitchSnapshot } from './runtime/messages.js';
export { SwitchError } from './runtime/switch-error.js';
