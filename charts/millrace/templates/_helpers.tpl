{{- define "millrace.name" -}}
{{- if contains "millrace" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-millrace" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "millrace.selector" -}}
app.kubernetes.io/name: millrace-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Of pods: nothing that changes with the chart alone, which would roll them. */ -}}
{{- define "millrace.podLabels" -}}
{{ include "millrace.selector" . }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "millrace.labels" -}}
{{ include "millrace.podLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "millrace.account" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "millrace.name" .) .Values.serviceAccount.name }}{{ else }}{{ required "serviceAccount.name: with serviceAccount.create false, give the name of one that exists" .Values.serviceAccount.name }}{{ end }}
{{- end }}

{{- define "millrace.image" -}}
{{- with .Values.image }}{{ if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{ end }}{{ end }}
{{- end }}

{{- /* Name of what stands outside namespaces: two releases of the same name may live in two. */ -}}
{{- define "millrace.clusterName" -}}
{{ .Release.Namespace }}-{{ include "millrace.name" . }}
{{- end }}

{{- define "millrace.subject" -}}
- kind: ServiceAccount
  name: {{ include "millrace.account" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "millrace.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "millrace.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- /* What people give, with the term that keeps two operators off one node. */ -}}
{{- define "millrace.affinity" -}}
{{- $term := dict "topologyKey" "kubernetes.io/hostname" "labelSelector" (dict "matchLabels" (include "millrace.selector" . | fromYaml)) }}
{{- $apart := dict "preferredDuringSchedulingIgnoredDuringExecution" (list (dict "weight" 100 "podAffinityTerm" $term)) }}
{{- if eq .Values.antiAffinity "required" }}
{{- $apart = dict "requiredDuringSchedulingIgnoredDuringExecution" (list $term) }}
{{- end }}
{{- toYaml (mergeOverwrite (dict "podAntiAffinity" $apart) .Values.affinity) }}
{{- end }}
