import type { WireFault } from '@overlane/wire';

/** What the header codec can find wrong. */
export type VxlanHeaderFault = 'E_VXLAN_TRUNCATED' | 'E_VXLAN_VNI_NOT_VALID';

/** What the GPE codec can find wrong. */
export type VxlanGpeFault =
  | VxlanHeaderFault
  | 'E_VXLAN_GPE_NEXT_PROTOCOL_WITHOUT_P'
  | 'E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL'
  | 'E_VXLAN_GPE_UNSUPPORTED_VERSION';

/** Every fault of this package, those of the outer headers included (rules V1 to V11 and the encoder's). */
export type VxlanFault =
  | WireFault
  | VxlanGpeFault
  | 'E_VXLAN_INNER_TRUNCATED'
  | 'E_VXLAN_INNER_VLAN'
  | 'E_VXLAN_UNKNOWN_VNI'
  | 'E_VXLAN_VNI_RANGE'
  | 'E_VXLAN_WRONG_PORT';
