/** Inner checksums and segmentation that are left to the egress, or done here. */
export { type OffloadPlan, OffloadFields } from './frame-fields.js';
export {
  type PartialChecksum,
  finishChecksum,
  finishGenericChecksum,
  isTransport,
  judgePartial,
} from './inner-checksum.js';
export { type OffloadFault, SoftwareOffload } from './software-offload.js';
export { type TcpCutterOptions, TcpCutter } from './tcp-cutter.js';
