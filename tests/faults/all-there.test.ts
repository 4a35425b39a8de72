import { allThere } from './scenarios/all.ts';
import { testScenarios } from './suite.ts';

testScenarios(allThere);
