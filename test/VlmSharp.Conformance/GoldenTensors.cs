using System.Runtime.InteropServices;
using VlmSharp.Checkpoints;
using VlmSharp.Formats;

namespace VlmSharp.Conformance;

/// <summary>A safetensors file of expected values.</summary>
public sealed class GoldenTensors(string path) : IDisposable
{
    private readonly SafetensorsFile file = SafetensorsFile.Open(path);

    /// <summary>The names in the file.</summary>
    public IEnumerable<string> Names => file.Entries.Keys;

    /// <summary>Whether the file has that tensor.</summary>
    public bool Has(string name) => file.Entries.ContainsKey(name);

    /// <summary>The shape of a tensor.</summary>
    public IReadOnlyList<long> Shape(string name) => file.Entries[name].Shape;

    /// <summary>An F32 tensor.</summary>
    public ReadOnlySpan<float> Floats(string name) => MemoryMarshal.Cast<byte, float>(file.Bytes(file.Entries[name]).ToArray());

    /// <summary>An I64 tensor, as ints.</summary>
    public int[] Ints(string name)
    {
        ReadOnlySpan<long> values = MemoryMarshal.Cast<byte, long>(file.Bytes(file.Entries[name]).ToArray());
        int[] ints = new int[values.Length];
        for (int i = 0; i < ints.Length; i++) ints[i] = checked((int)values[i]);
        return ints;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}
