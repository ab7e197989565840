import { nodePackage } from '../../tools/tsup.base.js';

export default nodePackage();
