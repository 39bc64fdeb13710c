#!/bin/sh
# Many callers send 2,000 requests to the demo model and cancel some. Prints a summary line, and ends with an error if there was a fault.
# Options: --requests N, --callers N, --seed N.
set -e
cd "$(dirname "$0")/../.."
exec dotnet run -c Release --project bench/VlmSharp.Bench -- soak "$@"
