import { HeaderView } from '@overlane/wire';
import { readFlowId, readVsid, writeFlowId, writeVsid } from './header.js';

/**
 * An NVGRE header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class NvgreView extends HeaderView {
  /** VSID, 0..VSID_VENDOR. */
  get vsid(): number {
    return readVsid(this.bytes, this.offset);
  }

  set vsid(vsid: number) {
    writeVsid(this.bytes, this.offset, vsid);
  }

  /** FlowID, 0..FLOW_ID_MAX. */
  get flowId(): number {
    return readFlowId(this.bytes, this.offset);
  }

  set flowId(flowId: number) {
    writeFlowId(this.bytes, this.offset, flowId);
  }
}
