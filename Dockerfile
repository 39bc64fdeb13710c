# syntax=docker/dockerfile:1
# vlmsharp serve, for processors; with --target cuda, for NVIDIA cards. docs/deployment.md says how to run it.
#   docker build -t vlmsharp .
#   docker build -t vlmsharp:cuda --target cuda .

# What is published runs on every architecture, so it is built on the one that is there.
FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish VlmSharp.Cli -c Release -p:UseAppHost=false -o /app

# The card's driver comes from the host, with NVIDIA's container toolkit; nothing else of CUDA is needed.
FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS cuda
COPY --from=build /app /app
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    CUDA_CACHE_PATH=/tmp/cuda \
    DOTNET_EnableDiagnostics=0 \
    VLMSHARP_BACKEND=cuda \
    VLMSHARP_HOST=0.0.0.0 \
    VLMSHARP_PORT=8000
USER 1654:1654
VOLUME /models
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10m CMD ["dotnet", "/app/vlmsharp.dll", "serve", "--probe"]
ENTRYPOINT ["dotnet", "/app/vlmsharp.dll", "serve"]

# No shell and no package manager inside. The last stage is what is built by default.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled AS cpu
COPY --from=build /app /app
ENV DOTNET_EnableDiagnostics=0 \
    VLMSHARP_HOST=0.0.0.0 \
    VLMSHARP_PORT=8000
USER 1654:1654
VOLUME /models
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10m CMD ["dotnet", "/app/vlmsharp.dll", "serve", "--probe"]
ENTRYPOINT ["dotnet", "/app/vlmsharp.dll", "serve"]
