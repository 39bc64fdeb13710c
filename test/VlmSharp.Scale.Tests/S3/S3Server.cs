using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace VlmSharp.Scale.Tests.S3;

/// <summary>
/// An object store that implements the part of S3's protocol that a batch needs: GET with ranges, PUT, HEAD, DELETE, lists in small pages,
/// multipart uploads. It checks the signature of every request. It has one bucket, in memory, and can fail or delay answers on purpose.
/// </summary>
internal sealed class S3Server : IAsyncDisposable
{
    public const string Bucket = "photos", AccessKey = "AKIDEXAMPLE", Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    private const int PageKeys = 7, LeastPart = 5 << 20;

    private static readonly XNamespace Names = "http://s3.amazonaws.com/doc/2006-03-01/";

    private readonly WebApplication application;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> held = new();
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<int, byte[]>> uploads = new();

    private S3Server()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(o => o.Limits.MaxRequestBodySize = 64 << 20);
        application = builder.Build();
        application.Run(AnswerAsync);
    }

    /// <summary>Starts a server.</summary>
    public static async Task<S3Server> StartAsync()
    {
        var server = new S3Server();
        await server.application.StartAsync();
        return server;
    }

    /// <summary>The objects by key.</summary>
    public ConcurrentDictionary<string, byte[]> Objects { get; } = new();

    /// <summary>All requests with right signatures.</summary>
    public ConcurrentQueue<S3Request> Requests { get; } = new();

    /// <summary>What requests state about their bodies: a hash, or how the body is signed.</summary>
    public ConcurrentDictionary<string, S3Request> Payloads { get; } = new();

    /// <summary>The error codes of requests that were refused for their signatures or bodies.</summary>
    public ConcurrentQueue<string> Refusals { get; } = new();

    /// <summary>Chooses the fault of a request; null for none.</summary>
    public Func<S3Request, S3Fault?> Fault { get; set; } = _ => null;

    public string Url => application.Urls.First();

    /// <summary>The environment variables for a process that uses this server.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["AWS_ENDPOINT_URL_S3"] = Url,
        ["AWS_ACCESS_KEY_ID"] = AccessKey,
        ["AWS_SECRET_ACCESS_KEY"] = Secret,
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["AWS_CONFIG_FILE"] = "/dev/null",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null",
    };

    /// <summary>Delays the answers to GETs of an object.</summary>
    public void Hold(string key) => held[key] = new TaskCompletionSource();

    /// <summary>Releases the delayed answers.</summary>
    public void LetGo(string key)
    {
        if (held.TryRemove(key, out TaskCompletionSource? waiting)) waiting.SetResult();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        HttpRequest http = context.Request;
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        string? Header(string name) => http.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
        string[] path = Uri.UnescapeDataString(target.Split('?')[0]).TrimStart('/').Split('/', 2);
        var request = new S3Request(
            http.Method, path[0], path.Length > 1 ? path[1] : "", http.Query.ToDictionary(q => q.Key, q => q.Value.ToString()));
        var body = new MemoryStream();
        await http.Body.CopyToAsync(body, context.RequestAborted);
        var signature = new S3Signature(AccessKey, Secret);
        if (signature.Check(http.Method, target, Header, DateTime.UtcNow) is { } refusal)
        {
            Refusals.Enqueue(refusal);
            await ErrorAsync(context, 403, refusal);
            return;
        }

        (byte[] bytes, string? wrong) = S3Body.Read(body.ToArray(), signature, Header);
        if (wrong is not null)
        {
            Refusals.Enqueue(wrong);
            await ErrorAsync(context, 400, wrong);
            return;
        }

        Requests.Enqueue(request);
        Payloads.TryAdd(Header("x-amz-content-sha256")!, request);
        S3Fault? fault = Fault(request);
        if (fault?.Code is { } code) await ErrorAsync(context, fault.Status, code);
        else if (request.Bucket != Bucket) await ErrorAsync(context, 404, "NoSuchBucket");
        else await AnswerAsync(context, request, bytes, Header, isCut: fault is not null);
    }

    private async Task AnswerAsync(HttpContext context, S3Request request, byte[] body, Func<string, string?> header, bool isCut)
    {
        bool isUpload = request.Query.TryGetValue("uploadId", out string? id);
        switch (request.Method)
        {
            case "GET" when request.Key.Length == 0:
                await WriteAsync(context, List(request.Query));
                break;
            case "GET" or "HEAD":
                if (held.TryGetValue(request.Key, out TaskCompletionSource? waiting)) await waiting.Task.WaitAsync(context.RequestAborted);
                await GetAsync(context, request, header, isCut);
                break;
            case "PUT" when isUpload:
                uploads[id!][int.Parse(request.Query["partNumber"], CultureInfo.InvariantCulture)] = body;
                context.Response.Headers.ETag = Tag(body);
                break;
            case "PUT" when header("if-none-match") == "*" && Objects.ContainsKey(request.Key):
                await ErrorAsync(context, 412, "PreconditionFailed");
                break;
            case "PUT":
                Objects[request.Key] = body;
                context.Response.Headers.ETag = Tag(body);
                break;
            case "POST" when request.Query.ContainsKey("uploads"):
                uploads[id = $"{Guid.NewGuid():N}"] = new();
                await WriteAsync(
                    context,
                    new XElement(
                        Names + "InitiateMultipartUploadResult",
                        new XElement(Names + "Bucket", Bucket),
                        new XElement(Names + "Key", request.Key),
                        new XElement(Names + "UploadId", id)));
                break;
            case "POST" when isUpload:
                await CompleteAsync(context, request.Key, id!, XElement.Parse(Encoding.UTF8.GetString(body)));
                break;
            case "DELETE" when isUpload:
                uploads.TryRemove(id!, out _);
                context.Response.StatusCode = 204;
                break;
            case "DELETE":
                Objects.TryRemove(request.Key, out _);
                context.Response.StatusCode = 204;
                break;
            default:
                await ErrorAsync(context, 501, "NotImplemented");
                break;
        }
    }

    private async Task GetAsync(HttpContext context, S3Request request, Func<string, string?> header, bool isCut)
    {
        HttpResponse response = context.Response;
        if (!Objects.TryGetValue(request.Key, out byte[]? bytes))
        {
            await ErrorAsync(context, 404, "NoSuchKey");
            return;
        }

        if (header("if-match") is { } tag && tag != Tag(bytes))
        {
            await ErrorAsync(context, 412, "PreconditionFailed");
            return;
        }

        response.Headers.ETag = Tag(bytes);
        byte[] part = bytes;
        if (header("range") is { } range)
        {
            long[] ends = [.. range["bytes=".Length..].Split('-').Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
            if (ends[0] >= bytes.Length)
            {
                await ErrorAsync(context, 416, "InvalidRange");
                return;
            }

            long last = Math.Min(ends[1], bytes.Length - 1);
            part = bytes[(int)ends[0]..(int)(last + 1)];
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {ends[0]}-{last}/{bytes.Length}";
        }

        response.ContentLength = part.Length;
        if (request.Method == "HEAD") return;
        await response.Body.WriteAsync(isCut ? part[..(part.Length / 2)] : part);
        if (!isCut) return;
        await response.Body.FlushAsync();
        context.Abort();
    }

    private XElement List(IReadOnlyDictionary<string, string> query)
    {
        Assert.Equal("2", query["list-type"]);
        string prefix = query.GetValueOrDefault("prefix", ""), after = query.GetValueOrDefault("continuation-token", "");
        string[] keys =
        [
            .. Objects.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Where(k => string.CompareOrdinal(k, after) > 0)
        ];
        string[] page = [.. keys.Take(PageKeys)];
        return new XElement(Names + "ListBucketResult",
            new XElement(Names + "Name", Bucket),
            new XElement(Names + "Prefix", prefix),
            new XElement(Names + "KeyCount", page.Length),
            new XElement(Names + "MaxKeys", PageKeys),
            new XElement(Names + "IsTruncated", keys.Length > page.Length ? "true" : "false"),
            keys.Length > page.Length ? new XElement(Names + "NextContinuationToken", page[^1]) : null,
            page.Select(key => new XElement(Names + "Contents",
                new XElement(Names + "Key", key),
                new XElement(Names + "LastModified", "2026-11-28T00:00:00.000Z"),
                new XElement(Names + "ETag", Tag(Objects[key])),
                new XElement(Names + "Size", Objects[key].Length), new XElement(Names + "StorageClass", "STANDARD"))));
    }

    private async Task CompleteAsync(HttpContext context, string key, string id, XElement parts)
    {
        ConcurrentDictionary<int, byte[]> sent = uploads[id];
        (int Number, string Tag)[] asked = [.. parts.Elements().Where(e => e.Name.LocalName == "Part").Select(e =>
            (
                int.Parse(e.Elements().Single(c => c.Name.LocalName == "PartNumber").Value, CultureInfo.InvariantCulture),
                e.Elements().Single(c => c.Name.LocalName == "ETag").Value))];
        if (asked.Any(p => !sent.TryGetValue(p.Number, out byte[]? bytes) || Tag(bytes).Trim('"') != p.Tag.Trim('"'))
            || !asked.Select(p => p.Number).SequenceEqual(asked.Select(p => p.Number).Order()))
            await ErrorAsync(context, 400, "InvalidPart");
        else if (asked[..^1].Any(p => sent[p.Number].Length < LeastPart)) await ErrorAsync(context, 400, "EntityTooSmall");
        else
        {
            Objects[key] = [.. asked.SelectMany(p => sent[p.Number])];
            uploads.TryRemove(id, out _);
            await WriteAsync(
                context,
                new XElement(
                    Names + "CompleteMultipartUploadResult",
                    new XElement(Names + "Key", key),
                    new XElement(Names + "ETag", Tag(Objects[key]))));
        }
    }

    /// <summary>Multipart uploads that were started and neither completed nor aborted.</summary>
    public int OpenUploads => uploads.Count;

    private static string Tag(byte[] bytes) => $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"";

    private static Task ErrorAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        if (context.Request.Method == "HEAD") return Task.CompletedTask;
        return WriteAsync(context, new XElement(
            "Error", new XElement("Code", code), new XElement("Message", $"It is {code}."), new XElement("RequestId", "1")));
    }

    private static Task WriteAsync(HttpContext context, XElement xml)
    {
        context.Response.ContentType = "application/xml";
        return context.Response.WriteAsync(xml.ToString(SaveOptions.DisableFormatting));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string key in held.Keys) LetGo(key);
        await application.DisposeAsync();
    }
}
