import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { messageLaws, recordLaws } from '../src/laws.js';

describe('messages', () => {
  for (const law of messageLaws()) it(law.name, () => fc.assert(law.property));
});

for (const [name, laws] of Object.entries(recordLaws())) {
  describe(name, () => {
    for (const law of laws) it(law.name, () => fc.assert(law.property));
  });
}
