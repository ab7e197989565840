import type { Fault } from '@overlane/wire';

/** Throws if a measured operation was refused: then it would be the refusal that is measured. */
export function required(fault: Fault | 'incomplete' | undefined): void {
  if (fault !== undefined) throw new Error(`a measured operation failed: ${fault}`);
}
