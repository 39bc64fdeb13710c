#!/bin/sh
# Many callers ask the demo model 2,000 things and give some of them up; ends with a line, and with an error where something was wrong.
# Options: --requests N, --callers N, --seed N.
set -e
cd "$(dirname "$0")/../.."
exec dotnet run -c Release --project bench/VlmSharp.Bench -- soak "$@"
