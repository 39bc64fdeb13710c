using System.Collections;

namespace VlmSharp.Training.Data;

/// <summary>
/// The examples of a JSONL file. Every line is read once to find bad ones. After that only the lines' positions are in memory, 16 bytes
/// each, and an example is read from the file again when it is visited.
/// </summary>
internal sealed class JsonlExamples : IReadOnlyList<TrainingExample>, IDisposable
{
    private readonly List<JsonlFile.Line> lines = [];
    private readonly JsonlFile file;
    private readonly RowReader reader;

    public JsonlExamples(string path, DataFormat format, string? prefix, ExampleCollector found)
    {
        reader = new RowReader(format, path, found.Root, prefix);
        file = new JsonlFile(path);
        try
        {
            foreach ((JsonlFile.Line line, ReadOnlyMemory<byte> bytes) in file.Lines())
            {
                try
                {
                    found.Add(reader.Read(bytes, line.Number));
                    lines.Add(line);
                }
                catch (FormatException e)
                {
                    found.Fault($"{path}:{line.Number}", e.Message);
                }
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Count => lines.Count;

    /// <summary>An example, read from the file. May be called by several threads.</summary>
    /// <exception cref="TrainingDataException">The file has changed or cannot be read.</exception>
    public TrainingExample this[int index]
    {
        get
        {
            JsonlFile.Line line = lines[index];
            try
            {
                return reader.Read(file.Read(line), line.Number);
            }
            catch (FormatException e)
            {
                throw new TrainingDataException(
                    $"The file changed while it was used, line {line.Number} is another one now: leave it alone during a run.", e);
            }
        }
    }

    /// <inheritdoc/>
    public IEnumerator<TrainingExample> GetEnumerator()
    {
        for (int i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();
}
