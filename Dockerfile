# One image for the gateway, the bank and the command line: `docker run … gateway`, `… bank`, `… user add NAME`.
FROM node:26-slim

WORKDIR /app

# No dependency's install script runs: what is needed comes ready made.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force

# Node runs the TypeScript as it is. The files belong to root: the program can't change itself.
COPY src ./src

# In a container the network around it is the boundary, so both listen on every address of it.
ENV NODE_ENV=production \
    GATEWAY_HOST=0.0.0.0 \
    BANK_HOST=0.0.0.0

USER node
EXPOSE 8080
ENTRYPOINT ["node", "src/main.ts"]
CMD ["gateway"]
