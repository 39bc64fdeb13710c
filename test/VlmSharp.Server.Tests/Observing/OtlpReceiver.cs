using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace VlmSharp.Server.Tests.Observing;

/// <summary>A collector on loopback that reads the parts of OTLP's protobuf that the tests need (opentelemetry-proto 1.x).</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private const int GrpcPrefix = 5; // a flag and the length

    private readonly WebApplication app;
    private readonly ConcurrentQueue<(string Path, string? Token, byte[] Body)> received = [];

    private OtlpReceiver(bool usesGrpc)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0")
            .ConfigureKestrel(
                kestrel => kestrel.ConfigureEndpointDefaults(e => e.Protocols = usesGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        app = builder.Build();
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            string path = context.Request.Path.Value!;
            if (usesGrpc)
            {
                path = path.Contains("TraceService/Export", StringComparison.Ordinal) ? "/v1/traces" : "/v1/metrics";
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(new byte[GrpcPrefix]); // an empty message
                context.Response.AppendTrailer("grpc-status", "0");
            }

            received.Enqueue((path, context.Request.Headers["x-token"], body.ToArray()[(usesGrpc ? GrpcPrefix : 0)..]));
        });
    }

    public Uri Address => new(app.Urls.First());

    public string?[] Tokens => [.. received.Select(one => one.Token).Distinct()];

    /// <summary>The metrics received so far: name, meter and unit.</summary>
    public (string Meter, string Name, string Unit)[] Metrics =>
        [.. from request in received
            where request.Path == "/v1/metrics"
            from resource in Messages(request.Body, 1)
            from scope in Messages(resource, 2)
            let meter = Text(Messages(scope, 1).Single(), 1)
            from metric in Messages(scope, 2)
            select (meter, Text(metric, 1), Text(metric, 3))];

    /// <summary>The spans received so far.</summary>
    public (string Service, string Name, string Trace, string Id, string Parent)[] Spans =>
        [.. from request in received
            where request.Path == "/v1/traces"
            from resource in Messages(request.Body, 1)
            let service = Messages(resource, 1)
                .SelectMany(r => Messages(r, 1))
                .Where(pair => Text(pair, 1) == "service.name")
                .Select(pair => Text(Messages(pair, 2).Single(), 1)).Single()
            from scope in Messages(resource, 2)
            from span in Messages(scope, 2)
            select (service, Text(span, 5), Hex(span, 1), Hex(span, 2), Hex(span, 4))];

    public static async Task<OtlpReceiver> StartAsync(bool usesGrpc = false)
    {
        var receiver = new OtlpReceiver(usesGrpc);
        await receiver.app.StartAsync();
        return receiver;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static string Text(byte[] message, int field) => Encoding.UTF8.GetString(Messages(message, field).SingleOrDefault() ?? []);

    private static string Hex(byte[] message, int field) => Convert.ToHexStringLower(Messages(message, field).SingleOrDefault() ?? []);

    /// <summary>The length-delimited fields of a message that have this number.</summary>
    private static List<byte[]> Messages(byte[] message, int field)
    {
        var found = new List<byte[]>();
        for (int at = 0; at < message.Length;)
        {
            ulong key = Varint(message, ref at);
            switch (key & 7)
            {
                case 0: Varint(message, ref at); break;
                case 1: at += sizeof(ulong); break;
                case 5: at += sizeof(uint); break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    if (key >> 3 == (ulong)field) found.Add(message[at..(at + length)]);
                    at += length;
                    break;
                default: throw new InvalidDataException($"Wire type {key & 7} at {at}.");
            }
        }

        return found;
    }

    private static ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message[at++];
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
    }
}
