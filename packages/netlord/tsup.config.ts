import { purePackage } from '../../tools/tsup.base.js';

export default purePackage();
