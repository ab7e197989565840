import { existsSync, readdirSync } from 'node:fs';
import { integration, unit } from './tools/jest.base.mjs';

const packages = readdirSync('packages').filter((name) => existsSync(`packages/${name}/package.json`));
const root = (name) => `${import.meta.dirname}/packages/${name}`;

export default {
  projects: [
    ...packages.map((name) => unit(root(name))),
    ...packages
      .filter((name) => existsSync(`packages/${name}/test/integration`))
      .map((name) => integration(root(name))),
  ],
};
