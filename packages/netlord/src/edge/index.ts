/**
 * What the switches under NetLord must be told, once: as data, and as commands that make Linux bridges play them; and a
 * model of such a switch for simulations.
 */
export * from './edge-switch.js';
export * from './fabric.js';
export type { FibEntry } from './fib.js';
export * from './linux-commands.js';
export * from './parse-fabric.js';
export * from './switch-config.js';
