using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace VlmSharp.Server.Observing;

/// <summary>Gives each request a record and an id, which the answer's header x-request-id tells: the client's own where it sent a plain word, so that nothing in it can forge a line of a log.</summary>
internal static class RequestIds
{
    private const string Header = "x-request-id";
    private const int Longest = 128;

    private static readonly SearchValues<char> Plain = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

    /// <summary>Runs the rest of the pipeline.</summary>
    public static Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        string? given = http.Request.Headers[Header];
        string id = given is { Length: > 0 and <= Longest } && !given.AsSpan().ContainsAnyExcept(Plain) ? given : $"req_{Guid.NewGuid():N}";
        http.Features.Set(new RequestRecord { Id = id });
        http.Response.Headers[Header] = id;
        return next(http);
    }
}
