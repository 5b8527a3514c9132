// As PM2 takes it: lodge start ecosystem.config.js --env production
module.exports = {
  apps: [
    {
      name: 'api',
      script: './api.js',
      instances: 2,
      exec_mode: 'cluster',
      node_args: '--enable-source-maps',
      max_restarts: 10,
      out_file: 'logs/api-out.log',
      error_file: 'logs/api-error.log',
      merge_logs: true,
      env: { NODE_ENV: 'development', PORT: 3000 },
      env_production: { NODE_ENV: 'production', PORT: 80 }
    }
  ]
};
