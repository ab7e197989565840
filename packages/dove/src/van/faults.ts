import type { WireFault } from '@overlane/wire';

/** What `check` can find wrong with a control message. */
export type VanMessageFault = 'E_VAN_LENGTH' | 'E_VAN_TYPE' | 'E_VAN_GROUP_MAC';

/** Every fault of learning, un-learning and proxies; each is a counter of theirs, too. */
export type VanFault =
  | WireFault
  | VanMessageFault
  | 'E_DOVE_NOT_HERE'
  | 'E_DOVE_PROXY_LOOP'
  | 'E_DOVE_UNKNOWN_INSTANCE'
  | 'E_VAN_LOCATOR'
  | 'E_VAN_NOT_OWNER'
  | 'E_VAN_NO_ANSWER'
  | 'E_VAN_OVERLOAD'
  | 'E_VAN_QUEUE'
  | 'E_VAN_RATE'
  | 'E_VAN_STALE'
  | 'E_VAN_TABLE_FULL'
  | 'E_VAN_UNSOLICITED';
