import { describeTemplate } from './describe-template.ts';
import { languages } from './languages.ts';

describeTemplate(languages.go);
