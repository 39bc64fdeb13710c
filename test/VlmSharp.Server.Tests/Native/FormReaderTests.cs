using System.Text;
using VlmSharp.Server.Errors;
using VlmSharp.Server.Native;
using VlmSharp.Server.Scheduling;

namespace VlmSharp.Server.Tests.Native;

public sealed class FormReaderTests
{
    private static readonly RequestLimits Limits = new()
    {
        Timeout = TimeSpan.FromSeconds(10),
        MaxBodyBytes = 1 << 20,
        MaxBufferedBytes = 1 << 20,
        MaxPromptCharacters = 1024,
        MaxBatchRequests = 16,
        MaxChoices = 4,
        MaxPictures = 4,
    };

    [Theory]
    [InlineData("--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\nab\r\nc\r\n--x--\r\n")]
    [InlineData(
        "mail programs\r\nsay something\r\n--x \t\r\ncontent-disposition:form-data;filename*=UTF-8''%C3%A9;name=image\r\nContent-Type: "
            + "image/png\r\n\r\nab\r\nc\r\n--x--and after")]
    public void A_file_is_the_bytes_between_the_boundaries(string form)
    {
        (List<FormField> fields, Attachments files) = Read(form);
        Assert.Empty(fields);
        (string name, ReadOnlyMemory<byte> file) = Assert.Single(files.All);
        Assert.Equal(("image", "ab\r\nc"), (name, Encoding.ASCII.GetString(file.Span)));
    }

    [Fact]
    public void Text_fields_become_json_and_json_fields_stay()
    {
        (List<FormField> fields, Attachments files) = Read(
            Part("name=\"question\"", "what is \"this\"?") + Part("name=seed", "7") + Part("name=\"image\"; filename=\"\"", "") + "--x--");
        Assert.Equal(
            [("question", "\"what is \\u0022this\\u0022?\""), ("seed", "7")],
            fields.Select(f => (f.Name, Encoding.UTF8.GetString(f.Json.Span))));
        Assert.Equal(0, Assert.Single(files.All).File.Length);
    }

    /// <summary>A form is read in place: the memory allocated does not grow with its files.</summary>
    [Fact]
    public void A_large_file_is_not_copied()
    {
        byte[] form = Encoding.Latin1.GetBytes(Part("name=\"image\"; filename=\"a\"", new string('a', 10_000_000)) + "--x--");
        FormReader.Read(form, "x", Limits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(10_000_000, Assert.Single(FormReader.Read(form, "x", Limits).Files.All).File.Length);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000);
    }

    [Theory]
    [InlineData(""), InlineData("--x"), InlineData("--x\r\n"), InlineData("--x\r\n\r\n"), InlineData("--xy\r\n\r\n\r\n--x--"),
        InlineData("--x\r\nContent-Disposition: form-data; name=a\r\n\r\nabc")]
    [InlineData("--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--"), InlineData("--x\r\nContent-Type: a\r\n\r\n\r\n--x--"),
        InlineData("--x\r\n\r\nabc\r\n--x--")]
    [InlineData("--x\r\nContent-Disposition: form-data; name*=utf-7''a\r\n\r\nb\r\n--x--"),
        InlineData("--x\r\nContent-Disposition: form-data; name*\r\n\r\nb\r\n--x--")]
    [InlineData("--x\r\nContent-Disposition: form-data; name=question\r\n\r\n\u00ff\r\n--x--")]
    public void A_damaged_form_is_refused(string form) => Assert.Equal(400, Assert.Throws<ApiException>(() => Read(form)).Status);

    [Fact]
    public void Parts_names_and_headers_are_limited_and_a_field_may_appear_once()
    {
        Assert.Throws<ApiException>(() => Read(string.Concat(Enumerable.Repeat(Part("name=image; filename=a", "b"), 513)) + "--x--"));
        Assert.Throws<ApiException>(() => Read(Part($"name={new string('a', 65)}; filename=a", "b") + "--x--"));
        Assert.Throws<ApiException>(() => Read(Part($"name=image; filename={new string('a', 9000)}", "b") + "--x--"));
        Assert.Throws<ApiException>(() => Read(Part("name=seed", "1") + Part("name=seed", "1") + "--x--"));
        Assert.Throws<ApiException>(() => Read(Part("name=question", new string('a', 5000)) + "--x--"));
    }

    private static string Part(string disposition, string content) =>
        $"--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{content}\r\n";

    private static (List<FormField> Fields, Attachments Files) Read(string latin) =>
        FormReader.Read(Encoding.Latin1.GetBytes(latin), "x", Limits);
}
