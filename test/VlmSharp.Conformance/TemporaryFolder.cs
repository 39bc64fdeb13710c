namespace VlmSharp.Conformance;

/// <summary>A folder that is deleted at the end of the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("vlmsharp-test-").FullName;

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        File.WriteAllBytes(At(name), bytes);
        return At(name);
    }

    /// <summary>Copies the files of another folder, except those named.</summary>
    public void CopyFrom(string folder, params string[] except)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
            if (!except.Contains(System.IO.Path.GetFileName(file))) File.Copy(file, At(System.IO.Path.GetFileName(file)));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
