/** How far NetLord scales, by arithmetic. */
export * from './scale.js';
