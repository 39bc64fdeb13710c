using Microsoft.Extensions.Primitives;

namespace VlmSharp.Server.Observing;

/// <summary>The id of a request: the client's, if it is safe in a header and in a log.</summary>
internal static class RequestId
{
    /// <summary>The header of requests and responses.</summary>
    public const string Header = "x-request-id";

    private const int MaxLength = 128;

    /// <summary>The client's id if it is one plain word of letters, digits and <c>. _ : -</c>; otherwise a new one.</summary>
    /// <param name="values">The header of the request.</param>
    public static string From(StringValues values) =>
        values is [{ Length: > 0 and <= MaxLength } id] && IsPlain(id) ? id : $"req_{Guid.NewGuid():N}";

    private static bool IsPlain(string id)
    {
        foreach (char c in id)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or ':' or '-')) return false;
        return true;
    }
}
