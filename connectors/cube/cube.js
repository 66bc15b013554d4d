// Where the database is, and as which role it is read, are variables of Cube's own: CUBEJS_DB_HOST and the like.
module.exports = { schemaPath: 'model', telemetry: false, scheduledRefreshTimer: false };
