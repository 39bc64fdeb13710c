using System.Text;

namespace VlmSharp.Hub.Tests.Server;

/// <summary>An answer, right or wrong. Its bytes are written exactly as given.</summary>
internal sealed class FakeAnswer(int status, params (string Name, string Value)[] headers)
{
    public int Status => status;

    public List<(string Name, string Value)> Headers { get; } = [.. headers];

    /// <summary>Writes the body, which need not match the headers.</summary>
    public Func<Stream, CancellationToken, Task> Body { get; init; } = (_, _) => Task.CompletedTask;

    public static FakeAnswer Text(int status, string text, params (string Name, string Value)[] headers)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new FakeAnswer(status, [("Content-Length", $"{bytes.Length}"), .. headers])
        {
            Body = async (to, cancellation) => await to.WriteAsync(bytes, cancellation)
        };
    }

    public static FakeAnswer Error(int status, string code, string message = "") =>
        Text(status, "{}", ("X-Error-Code", code), ("X-Error-Message", message));
}
