using System.Buffers.Binary;
using VlmSharp.Checkpoints;
using VlmSharp.Compute;
using VlmSharp.Formats;

namespace VlmSharp.Conformance;

/// <summary>
/// The demo model with one number of its weights replaced, and with a head of its own, so that a damaged row of the table is no other's.
/// </summary>
public static class DamagedModel
{
    /// <summary>A copy of the demo model.</summary>
    /// <param name="tensor">The canonical name of the weight.</param>
    /// <param name="value">What the row's first number becomes, for instance NaN.</param>
    /// <param name="row">The row whose first number it replaces.</param>
    /// <returns>The folder.</returns>
    public static TemporaryFolder Write(string tensor, float value, int row = 0)
    {
        using Checkpoint source = Checkpoint.Open(GoldenFiles.DemoModel);
        var folder = new TemporaryFolder();
        folder.CopyFrom(source.Directory, SafetensorsNames.Whole);
        IEnumerable<TensorToWrite> tensors = source.Tensors.Values.Where(t => t.Name != TensorNames.Head).Select(t => Copy(t, t.Name));
        SafetensorsWriter.WriteModel(folder.Path, tensors.Append(Copy(source.Tensors[TensorNames.Embedding], TensorNames.Head)));
        return folder;

        TensorToWrite Copy(CheckpointTensor from, string name)
        {
            byte[] bytes = from.File.Bytes(from.File.Entries[from.StoredName]).ToArray();
            if (name == tensor)
            {
                long columns = bytes.Length / sizeof(ushort) / from.Shape[0];
                BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan((int)(sizeof(ushort) * row * columns)), BFloat16.FromSingle(value));
            }

            return TensorToWrite.FromBytes(name, SafetensorsType.BF16, from.Shape, bytes);
        }
    }
}
