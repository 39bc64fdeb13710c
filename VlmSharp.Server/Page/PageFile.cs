using System.Buffers.Text;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace VlmSharp.Server.Page;

/// <summary>
/// A file of the page, embedded in the assembly. It is read once and served with the hash of its bytes as its entity tag, so that a browser
/// revalidates it and gets 304 until an update changes it (RFC 9110, sections 8.8.3 and 13.1.2).
/// </summary>
internal sealed record PageFile
{
    private readonly byte[] bytes;
    private readonly EntityTagHeaderValue tag;

    private PageFile(string path, string contentType, byte[] bytes)
    {
        (Path, ContentType, this.bytes) = (path, contentType, bytes);
        tag = new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(bytes).AsSpan(0, 12))}\"");
    }

    /// <summary>Where it is served, for instance <c>/page/main.js</c>.</summary>
    public string Path { get; }

    /// <summary>Its media type.</summary>
    public string ContentType { get; }

    /// <summary>What its documents may load and run.</summary>
    public string Policy { get; init; } = PagePolicy.Page;

    /// <summary>Reads an embedded file.</summary>
    /// <param name="name">Its name below <c>Page/Files</c>.</param>
    /// <param name="path">Where it is served.</param>
    public static PageFile Read(string name, string path)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"{name} is not embedded in the assembly.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new PageFile(path, TypeOf(name), bytes);
    }

    /// <summary>The names of all embedded files.</summary>
    public static IEnumerable<string> Names =>
        Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..]);

    /// <summary>Answers with the file, or with 304 if the browser has it.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["Cross-Origin-Opener-Policy"] = "same-origin";
        response.Headers.CacheControl = "no-cache"; // keep it, but ask before each use
        response.Headers.ETag = tag.ToString();
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(Is))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = ContentType;
        response.ContentLength = bytes.Length;
        if (HttpMethods.IsHead(context.Request.Method)) return Task.CompletedTask;
        return response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private bool Is(EntityTagHeaderValue known) => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false);

    private const string Prefix = "page/";

    private static string TypeOf(string name) => System.IO.Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".json" => "application/json; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        _ => throw new InvalidOperationException($"{name} has no known media type."),
    };
}
