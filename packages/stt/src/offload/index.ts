/** Inner checksums and segmentation that are left to the egress. */
export { type OffloadPlan, OffloadFields } from './frame-fields.js';
