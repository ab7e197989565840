/** The STT frame header; the namespace is a codec: `const codec: Codec<SttFrameHeader> = frame`. */
export * from './frame-header.js';
export * from './frame-rules.js';
export * from './frame-view.js';
export * from './frame-warnings.js';
