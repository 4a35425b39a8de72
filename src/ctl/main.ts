#!/usr/bin/env node
import { createCtlProgram } from './program.ts';

await createCtlProgram().parseAsync();
