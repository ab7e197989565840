/** The STT segment header; the namespace is a codec: `const codec: Codec<SttSegmentHeader> = segment`. */
export * from './segment-header.js';
export * from './segment-view.js';
export * from './segment-warnings.js';
