using System.Diagnostics.Metrics;
using System.Text;

namespace VlmSharp.Server.Observing;

/// <summary>Listens to meters and tells what they have measured in Prometheus' text format.</summary>
internal sealed class PrometheusExporter : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly SortedDictionary<string, MetricFamily> families = new(StringComparer.Ordinal); // by name, under the gate
    private readonly Lock gate = new(), scrape = new();

    /// <summary>Listens from now on.</summary>
    /// <param name="isWanted">Which meters.</param>
    public PrometheusExporter(Func<Meter, bool> isWanted)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (isWanted(instrument.Meter) && Add(instrument) is { } family) self.EnableMeasurementEvents(instrument, family);
        };
        listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        listener.Start();
    }

    /// <summary>The names of all metrics, measured or not, in order.</summary>
    public IReadOnlyList<string> Names
    {
        get { lock (gate) return [.. families.Keys]; }
    }

    /// <summary>What has been measured so far, as text.</summary>
    public string Write()
    {
        var text = new StringBuilder();
        lock (scrape)
        {
            MetricFamily[] now = Families();
            foreach (MetricFamily family in now)
                if (family.IsObservable) family.Clear();
            try
            {
                listener.RecordObservableInstruments();
            }
            catch (AggregateException)
            {
                // An instrument that throws is missing; the others have been read.
            }

            foreach (MetricFamily family in now) family.Write(text);
        }

        return text.ToString();
    }

    /// <summary>Listens no more.</summary>
    public void Dispose() => listener.Dispose();

    /// <summary>A family for an instrument; null if another one has its name.</summary>
    private MetricFamily? Add(Instrument instrument)
    {
        var family = new MetricFamily(instrument);
        lock (gate) return families.TryAdd(family.Name, family) ? family : null;
    }

    private MetricFamily[] Families()
    {
        lock (gate) return [.. families.Values];
    }
}
