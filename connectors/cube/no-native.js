// For the check alone. Cube's native part comes by an install script from outside npm. Queries of this model need nothing
// of it: it writes Cube's log, speaks SQL to clients, and reads Python in models. So it is left out.
const Module = require('module');

const load = Module._load;
class NativeInstance {
  newJinjaEngine() {
    return {};
  }

  async loadPythonContext() {
    return { filters: {}, functions: {}, variables: {} };
  }
}
Module._load = function (request, ...rest) {
  return request === '@cubejs-backend/native'
    ? { NativeInstance, setupLogger() {}, isFallbackBuild: () => true, async registerInterface() {}, async shutdownInterface() {} }
    : load.call(this, request, ...rest);
};
