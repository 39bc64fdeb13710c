using System.Text;

namespace VlmSharp.Hub.Tests.Server;

/// <summary>An answer, right or wrong: its bytes are written as they are said here.</summary>
internal sealed class FakeAnswer(int status, params (string Name, string Value)[] headers)
{
    public int Status => status;

    public List<(string Name, string Value)> Headers { get; } = [.. headers];

    /// <summary>Writes the body; what it writes need not be what the headers say.</summary>
    public Func<Stream, CancellationToken, Task> Body { get; init; } = (_, _) => Task.CompletedTask;

    public static FakeAnswer Text(int status, string text, params (string Name, string Value)[] headers)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new FakeAnswer(status, [("Content-Length", $"{bytes.Length}"), .. headers]) { Body = async (to, cancellation) => await to.WriteAsync(bytes, cancellation) };
    }

    public static FakeAnswer Error(int status, string code, string message = "") => Text(status, "{}", ("X-Error-Code", code), ("X-Error-Message", message));
}
