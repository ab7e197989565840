import { unit } from '../../tools/jest.base.mjs';

export default unit(import.meta.dirname);
