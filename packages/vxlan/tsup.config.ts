import { purePackage } from '../../tools/tsup.base.js';

export default purePackage(['src/index.ts', 'src/layout.ts', 'src/arbitraries.ts', 'src/laws.ts']);
