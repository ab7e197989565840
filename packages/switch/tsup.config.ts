import { nodePackage } from '../../tools/tsup.base.js';

export default nodePackage(['src/index.ts', 'src/runtime.ts']);
