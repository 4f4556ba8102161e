# syntax=docker/dockerfile:1
# Two images: docker build --target edge -t edge . and docker build --target core -t edge-core .
# Both are built by tests/publish, the script that ./test uses. Everything is of one distribution, with the .NET that it packages,
# so the native binary meets the C library it was linked with and one source of updates serves the whole image.

FROM ubuntu:26.04 AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends dotnet-sdk-10.0 clang zlib1g-dev ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Directory.Build.props Directory.Packages.props global.json .editorconfig ./
COPY tests/Directory.Build.props tests/needs tests/publish tests/lock-sdk tests/
COPY proto proto
COPY src src

FROM build AS build-edge
RUN tests/publish edge && rm -f artifacts/edge/*.dbg

FROM build AS build-core
RUN tests/publish core

# The edge: one native binary, OpenSSL 3, libnghttp2 and nothing to run it on. Settings: --Section:Key=value or Section__Key=value.
FROM ubuntu:26.04 AS edge
RUN apt-get update \
 && apt-get install -y --no-install-recommends libssl3t64 libnghttp2-14 ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --no-create-home app
COPY --from=build-edge /source/artifacts/edge/ /app/
USER app
EXPOSE 5061 9465
ENTRYPOINT ["/app/Edge.Sip"]

# The core: the public API, the admin API, the edge link, metrics. The key ring file is a mount, never part of the image.
FROM ubuntu:26.04 AS core
RUN apt-get update \
 && apt-get install -y --no-install-recommends aspnetcore-runtime-10.0 libssl3t64 ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --no-create-home app
COPY --from=build-core /source/artifacts/core/ /app/
USER app
EXPOSE 8443 9443 9444 9464
ENTRYPOINT ["dotnet", "/app/Api.Grpc.dll"]
