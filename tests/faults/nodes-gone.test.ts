import { nodesGone } from './scenarios/all.ts';
import { testScenarios } from './suite.ts';

testScenarios(nodesGone);
