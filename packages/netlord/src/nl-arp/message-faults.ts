/** What `check` can find wrong with a message, in this order. */
export type NlArpMessageFault =
  'E_NLARP_TRUNCATED' | 'E_NLARP_VERSION' | 'E_NLARP_OP' | 'E_NLARP_LOCATION' | 'E_NLARP_VM_MAC';
